/** Draws README's picture of the phone in a call anew: `node scripts/picture.ts`. A test holds that it is current. */
import {writeFileSync} from "node:fs";
import {phoneInACall} from "../test/support/phone-in-a-call.ts";

const file = new URL("../ui/phone-in-a-call.svg", import.meta.url);
writeFileSync(file, phoneInACall());
console.log(`drawn: ${file.pathname}`);
