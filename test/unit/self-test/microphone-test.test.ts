import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {MicrophoneTest} from "../../../firmware/self-test/microphone-test.ts";
import {createCard, environmentOf, type VirtualCard} from "../../support/sound-card.ts";
import {sine} from "../../support/sound-signal.ts";

let folder = "";
let card: VirtualCard;
const told: string[] = [];
const levels: number[] = [];
let test: MicrophoneTest;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-microphone-"));
    card = createCard(folder, {name: "handset", microphone: {rate: 48_000, samples: sine(48_000, 1_000, 440, -20)}});
    vi.stubEnv("ALSA_CONFIG_PATH", environmentOf(card).ALSA_CONFIG_PATH);
    told.length = 0;
    levels.length = 0;
    test = new MicrophoneTest(card.pcm, {
        capture: (open) => told.push(open ? "open" : "closed"),
        level: (level) => levels.push(level),
        failed: (reason) => told.push(reason),
    });
});
afterEach(async () => {
    await test.stop();
    vi.unstubAllEnvs();
    rmSync(folder, {recursive: true, force: true});
});

describe("the microphone's test", () => {
    it("measures the level of what is at the microphone, and says when capture is open", async () => {
        test.start();
        await vi.waitUntil(() => levels.length >= 5, {timeout: 10_000});
        expect(levels.at(-1)).toBeCloseTo(-20, 0);
        expect(told).toEqual(["open"]);
        expect(card.isOpen("capture")).toBe(true);
    });

    it("has closed the device when stop resolves", async () => {
        test.start();
        await vi.waitUntil(() => told.includes("open"), {timeout: 10_000});
        await test.stop();
        expect(told).toEqual(["open", "closed"]);
        expect(card.isOpen("capture")).toBe(false);
    });

    it("names the reason when there is no such card", async () => {
        card.unplug();
        test.start();
        await vi.waitUntil(() => told.length > 0, {timeout: 10_000});
        expect(told[0]).toMatch(/Unable to open PCM device: .+/);
    });

    it("ends with words when the card goes", async () => {
        test.start();
        await vi.waitUntil(() => told.includes("open"), {timeout: 10_000});
        card.unplug();
        await vi.waitUntil(() => told.includes("closed"), {timeout: 10_000});
        expect(told[1]).toMatch(/No such device/);
    });
});
