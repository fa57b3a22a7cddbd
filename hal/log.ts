/** What the hardware layer has to say to the phone's log: one sentence, without anything secret. Types only. */
export type BoardLog = (level: "info" | "warning", sentence: string) => void;
