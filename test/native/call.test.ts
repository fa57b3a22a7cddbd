import {setTimeout as pass} from "node:timers/promises";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {findGaps} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelAt} from "../support/sound-signal.ts";
import {block, callBetween, G722, hangUp, microphoneTone, OPUS, PCMA, PCMU, RATE, Rig} from "./rig.ts";

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("a call between two engines", {retry: 2}, () => {
    let left: Rig;
    let right: Rig;
    beforeAll(() => {
        left = new Rig({hears: microphoneTone(1004, -20)});
        right = new Rig({hears: microphoneTone(704, -15)});
    });
    afterAll(() => {
        left.close();
        right.close();
    });

    test.each([
        {codec: PCMA, within: 0.1},
        {codec: PCMU, within: 0.1},
        {codec: G722, within: 0.1},
        {codec: OPUS, within: 0.5},
    ])("$codec.name carries a tone both ways at its level and without a gap", async ({codec, within}) => {
        const call = await callBetween(left, right, {codecs: [codec]});
        await pass(300);
        const from = monotonicNow();
        await pass(2005);
        const leftHeard = left.handset.heard(from, from + 2e9).samples;
        const rightHeard = right.handset.heard(from, from + 2e9).samples;
        const stats = call.leftSession.stats();
        hangUp(call);
        expect(Math.abs(levelAt(leftHeard, RATE, 704) - -15)).toBeLessThan(within);
        expect(Math.abs(levelAt(rightHeard, RATE, 1004) - -20)).toBeLessThan(within);
        expect(findGaps(leftHeard, RATE, 704, 5)).toEqual([]);
        expect(findGaps(rightHeard, RATE, 1004, 5)).toEqual([]);
        expect(stats).toMatchObject({codec: codec.name, packetsLost: 0, packetsLate: 0, packetsMalformed: 0});
    });

    test.each([10, 30, 40, 60])("packets of %i ms are understood", async (ptime) => {
        const call = await callBetween(left, right, {ptime});
        await pass(400);
        const heard = await right.listen(500);
        const {packetsSent, octetsSent} = call.leftSession.stats();
        hangUp(call);
        expect(Math.abs(levelAt(heard, RATE, 1004) - -20)).toBeLessThan(0.2);
        expect(octetsSent).toBe(packetsSent * 8 * ptime);
    });

    test("JavaScript blocked for 2 s: not one sample is lost either way", async () => {
        const call = await callBetween(left, right);
        await pass(500);
        const from = monotonicNow();
        block(2000);
        const to = monotonicNow();
        await pass(100);
        const stats = [call.leftSession.stats(), call.rightSession.stats()];
        hangUp(call);
        expect(findGaps(left.handset.heard(from, to).samples, RATE, 704, 3)).toEqual([]);
        expect(findGaps(right.handset.heard(from, to).samples, RATE, 1004, 3)).toEqual([]);
        for (const {packetsLost, packetsLate} of stats) {
            expect({packetsLost, packetsLate}).toEqual({packetsLost: 0, packetsLate: 0});
        }
    });

    test("a digit is heard by the other side, with its duration", async () => {
        const call = await callBetween(left, right, {codecs: [OPUS]});
        call.leftSession.sendDigit("#", 120);
        call.leftSession.sendDigit("7", 60);
        const session = call.rightSession.id;
        expect(await right.event({type: "digit", session, digit: "#"})).toMatchObject({ms: 120});
        expect(await right.event({type: "digit", session, digit: "7"})).toMatchObject({ms: 60});
        hangUp(call);
    });

    test("the side that closes says BYE, and the other is told", async () => {
        const call = await callBetween(left, right);
        call.leftSession.close();
        await right.event({type: "bye", session: call.rightSession.id});
        hangUp(call);
    });

    test("three parties hear each other, and nobody themself", async () => {
        const third = new Rig({hears: microphoneTone(1500, -18)});
        const first = await callBetween(left, right);
        const second = await callBetween(left, third);
        left.engine.setAudio({
            route: "handset",
            mix: [first.leftSession.id, second.leftSession.id],
            microphone: "open",
            volume: 0,
            earTone: null,
            ring: null,
        });
        await pass(500);
        const from = monotonicNow();
        await pass(1005);
        const [atLeft, atRight, atThird] = [left, right, third].map(({handset}) => {
            const {samples} = handset.heard(from, from + 1e9);
            return {
                left: levelAt(samples, RATE, 1004),
                right: levelAt(samples, RATE, 704),
                third: levelAt(samples, RATE, 1500),
            };
        });
        hangUp(first);
        hangUp(second);
        third.close();
        const isNear = (level: number | undefined, nominal: number): boolean => Math.abs((level ?? 0) - nominal) < 1;
        expect(atLeft).toSatisfy(() => isNear(atLeft?.right, -15) && isNear(atLeft?.third, -18));
        expect(atRight).toSatisfy(() => isNear(atRight?.left, -20) && isNear(atRight?.third, -18));
        expect(atThird).toSatisfy(() => isNear(atThird?.left, -20) && isNear(atThird?.right, -15));
        // What is left of the own voice is distortion of the others' at that frequency.
        expect(atLeft?.left).toBeLessThan(-55);
        expect(atRight?.right).toBeLessThan(-55);
        expect(atThird?.third).toBeLessThan(-55);
    });
});
