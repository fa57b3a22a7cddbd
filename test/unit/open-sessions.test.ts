import {expect, it} from "vitest";
import {openSessionsOf} from "../../firmware/open-sessions.ts";
import {RecordingEngine} from "../fakes/recording-engine.ts";

it("a session that was closed is remembered by its last statistics, as the newest eight are", () => {
    const engine = new RecordingEngine();
    const sessions = openSessionsOf(engine);
    const [first, ...others] = Array.from({length: 9}, () => sessions.engine.openSession());
    const real = engine.sessions[0];
    if (first === undefined || real === undefined) throw new Error("there is a first session");
    const before = {...real.stats(), packetsReceived: 7};
    real.stats = () => before;
    expect(sessions.statsOf(first.id)).toEqual(before);
    first.close();
    real.stats = () => {
        throw new Error("the session is closed");
    };
    first.close();
    expect(sessions.statsOf(first.id)).toEqual(before);
    for (const other of others) other.close();
    expect(sessions.statsOf(first.id)).toBeNull();
    expect(others.every(({id}) => sessions.statsOf(id) !== null)).toBe(true);
    expect(sessions.statsOf(99)).toBeNull();
});
