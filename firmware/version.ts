import manifest from "../package.json" with {type: "json"};

/** The firmware's version, from the one place that has it. */
export const version = manifest.version;
