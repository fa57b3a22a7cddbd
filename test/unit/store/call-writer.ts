/** Opens calls without end and prints the number of each whose row was acknowledged; killed by the test. */
import {createLog} from "../../../firmware/log.ts";
import {Store} from "../../../firmware/store/store.ts";
import {ringingCall} from "../../support/ringing-call.ts";

const [folder = "", round = ""] = process.argv.slice(2);
const store = await Store.open({folder, log: createLog(() => undefined, "error"), onFault: () => undefined});
for (let index = 0; ; index++) {
    const number = `${round}-${index}`;
    await store.calls.open(ringingCall({id: `in-${index}`, party: {number, name: null}}), Date.now());
    process.stdout.write(`${number}\n`);
}
