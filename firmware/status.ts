import type {EngineStats} from "../native/index.ts";
import type {PhoneState} from "./phone/state.ts";

/** The lines of the console's `status`: what an installer needs to know, never a secret or a caller. */
export function statusLines(state: PhoneState, engine: EngineStats, instanceId: string): readonly string[] {
    const accounts = state.accounts.map(({id, label, registered, fault, detail}) => {
        const server = state.status.servers[id] ?? "";
        const what = registered ? "registered" : `not registered: ${fault ?? "no reason"}${detail && ` (${detail})`}`;
        return `account${id + 1} ${label}: ${what}${server && ` at ${server}`}`;
    });
    return [
        `version:      ${state.status.version}`,
        `instance:     ${instanceId}`,
        `addresses:    ${state.status.addresses.join(", ") || "none"}`,
        ...(accounts.length > 0 ? accounts : ["no account is enabled"]),
        `handset:      ${state.hook} hook`,
        `calls:        ${state.calls.length}${securities(state)}`,
        `microphone:   ${engine.captureOpen ? "open" : "closed"}`,
        `real time:    ${engine.realTime ? "granted" : "not granted"}`,
        `xruns:        ${engine.xruns}`,
        `sound:        ${state.soundFault ?? "well"}`,
        `store:        ${state.storeFault ?? "well"}`,
        `parts lost:   ${state.faults.join(", ") || "none"}`,
    ];
}

/** How each call is protected: `(none)`, `(hop, end)`. */
function securities({calls}: PhoneState): string {
    return calls.length === 0 ? "" : ` (${calls.map(({security}) => security).join(", ")})`;
}
