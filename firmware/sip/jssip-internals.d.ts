/**
 * JsSIP 3.13.8's inner modules as far as the guards touch them: the package ships no types for them.
 * Underscored members are JsSIP's own names.
 */
declare module "jssip/lib/RTCSession.js" {
    const value: import("./jssip.ts").RtcSessionClass;
    export = value;
}
declare module "jssip/lib/Dialog.js" {
    const value: import("./jssip.ts").DialogClass;
    export = value;
}
declare module "jssip/lib/Dialog/RequestSender.js" {
    const value: import("./jssip.ts").DialogRequestSenderClass;
    export = value;
}
declare module "jssip/lib/RequestSender.js" {
    const value: import("./jssip.ts").RequestSenderClass;
    export = value;
}
declare module "jssip/lib/DigestAuthentication.js" {
    const value: import("./jssip.ts").DigestAuthenticationClass;
    export = value;
}
declare module "jssip/lib/Utils.js" {
    const value: import("./jssip.ts").JsSipUtils;
    export = value;
}
