import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {Hook, type HookPosition, type HookState, stepHook} from "../../../hal/hook.ts";

const TIMING = {onMs: 80, offMs: 20};

describe("the hook's rule", () => {
    const lifted: HookState = {told: "off", raw: "off", since: 0};

    it("ignores a break shorter than 80 ms", () => {
        const first = stepHook(TIMING, lifted, "on", 1_000);
        expect(first).toMatchObject({changed: null, wakeAt: 1_080});
        const still = stepHook(TIMING, first.state, "on", 1_079);
        expect(still.changed).toBeNull();
        const back = stepHook(TIMING, still.state, "off", 1_079.5);
        expect(back).toMatchObject({changed: null, wakeAt: null});
    });

    it("tells a longer one, once", () => {
        const first = stepHook(TIMING, lifted, "on", 1_000);
        const second = stepHook(TIMING, first.state, "on", 1_080);
        expect(second.changed).toBe("on");
        expect(stepHook(TIMING, second.state, "on", 2_000)).toMatchObject({changed: null, wakeAt: null});
    });

    it("counts from the last bounce", () => {
        let state = stepHook(TIMING, lifted, "on", 0).state;
        for (let ms = 10; ms < 300; ms += 10) {
            const step = stepHook(TIMING, state, ms % 20 === 0 ? "on" : "off", ms);
            expect(step.changed).toBeNull();
            state = step.state;
        }
        const steady = stepHook(TIMING, state, "on", 300);
        expect(stepHook(TIMING, steady.state, "on", 379).changed).toBeNull();
        expect(stepHook(TIMING, steady.state, "on", 380).changed).toBe("on");
    });

    it("alternates on any walk, and never tells a stretch that was too short", () => {
        let seed = 5;
        const random = (below: number): number => {
            seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
            return (seed >> 16) % below;
        };
        let state: HookState = {told: "on", raw: "on", since: 0};
        let raw: HookPosition = "on";
        let rawSince = 0;
        let told: HookPosition = "on";
        let tellings = 0;
        for (let now = 1; now < 200_000; now += 1 + random(30)) {
            if (random(3) === 0) {
                raw = raw === "on" ? "off" : "on";
                rawSince = now;
            }
            const step = stepHook(TIMING, state, raw, now);
            state = step.state;
            if (step.changed === null) continue;
            tellings += 1;
            expect(step.changed).not.toBe(told);
            expect(step.changed).toBe(raw);
            expect(now - rawSince).toBeGreaterThanOrEqual(raw === "on" ? TIMING.onMs : TIMING.offMs);
            told = step.changed;
        }
        expect(tellings).toBeGreaterThan(50);
    });
});

describe("the hook", () => {
    beforeEach(() => {
        vi.useFakeTimers();
    });

    afterEach(() => {
        vi.useRealTimers();
    });

    function hookAt(position: HookPosition): {
        contact: {position: HookPosition; broken: boolean; edge: () => void};
        events: string[];
        hook: Hook;
    } {
        const contact = {position, broken: false, edge: (): void => undefined};
        const events: string[] = [];
        const hook = new Hook({
            contact: {
                read: () => {
                    if (contact.broken) throw new Error("hook: EIO");
                    return contact.position;
                },
                watch: (listener) => {
                    contact.edge = listener;
                },
            },
            timing: TIMING,
            onHook: (told) => events.push(told),
            onFault: (lost, reason) => events.push(`${lost ? "lost" : "back"} ${reason}`),
        });
        hook.start();
        return {contact, events, hook};
    }

    it("tells the present position first", () => {
        expect(hookAt("off").events).toEqual(["off"]);
        expect(hookAt("on").events).toEqual(["on"]);
    });

    it("tells a change though only one edge came", () => {
        const {contact, events} = hookAt("on");
        contact.position = "off";
        contact.edge();
        vi.advanceTimersByTime(25);
        expect(events).toEqual(["on", "off"]);
    });

    it("finds a change whose edge got lost", () => {
        const {contact, events} = hookAt("on");
        contact.position = "off";
        vi.advanceTimersByTime(1_100);
        expect(events).toEqual(["on", "off"]);
    });

    it("keeps the position while its line cannot be read, and says so once", () => {
        const {contact, events} = hookAt("off");
        contact.broken = true;
        vi.advanceTimersByTime(5_000);
        contact.broken = false;
        vi.advanceTimersByTime(1_000);
        expect(events).toEqual(["off", "lost hook: EIO", "back its line can be read"]);
    });

    it("is silent after close", () => {
        const {contact, events, hook} = hookAt("on");
        contact.position = "off";
        contact.edge();
        hook.close();
        vi.advanceTimersByTime(5_000);
        expect(events).toEqual(["on"]);
    });
});
