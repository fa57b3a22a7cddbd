/** The picture of README: a phone in a call, its frames and lamps computed by the phone's own code. */
import {outputsOf} from "../../firmware/phone/outputs.ts";
import type {PhoneState} from "../../firmware/phone/state.ts";
import {screenOf} from "../../ui/screen.ts";
import {media, quiet, talking} from "../unit/ui/states.ts";
import {phonePicture} from "./picture.ts";

/** Two minutes into a call, early on a Tuesday. */
export const inACall: PhoneState = {
    ...quiet,
    hook: "off",
    calls: [{...talking, security: "hop", party: {number: "+442079460018", name: "Zoë Lindqvist"}}],
    captureOpen: true,
    status: {...quiet.status, media},
};

/** The whole file, to the byte. */
export function phoneInACall(): string {
    const frames = [screenOf(inACall, {columns: 20, rows: 4}), screenOf(inACall, {columns: 40, rows: 12})] as const;
    return phonePicture(...frames, outputsOf(inACall).lamps);
}
