/** Opens calls without end and prints the number of each whose row was acknowledged; killed by the test. */
import {createLog} from "../../../firmware/log.ts";
import {Store} from "../../../firmware/store/store.ts";

const [folder = "", round = ""] = process.argv.slice(2);
const store = await Store.open({folder, log: createLog(() => undefined, "error"), onFault: () => undefined});
for (let index = 0; ; index++) {
    const number = `${round}-${index}`;
    await store.calls.open(
        {
            id: `in-${index}`,
            direction: "incoming",
            phase: "ringing",
            account: 0,
            party: {number, name: null},
            emergency: false,
            appearedAt: 0,
            talkingSince: null,
            hearing: false,
            deadline: null,
            security: "none",
            suite: null,
            quality: null,
            notedAt: null,
            hold: {local: false, remote: false},
            pending: null,
            session: null,
            reason: null,
        },
        Date.now(),
    );
    process.stdout.write(`${number}\n`);
}
