#pragma once

namespace offhook {

/** The inputs of the E-model, with the default values of ITU-T G.107 Table 2. */
struct Transmission {
    /** Loudness ratings of sending and receiving, in dB. */
    double slr = 8;
    double rlr = 2;
    /** Sidetone masking rating and listener sidetone rating, in dB. */
    double stmr = 15;
    double lstr = 18;
    /** D-value of the telephone, send side, in dB. */
    double ds = 3;
    /** Talker echo loudness rating, and weighted echo path loss, in dB. */
    double telr = 65;
    double wepl = 110;
    /** Mean one-way delay of the echo path, round trip in the 4-wire loop, delay without echo; in ms. */
    double t = 0;
    double tr = 0;
    double ta = 0;
    /** Quantizing distortion units. */
    double qdu = 1;
    /** Equipment impairment factor and packet-loss robustness factor of the codec (ITU-T G.113). */
    double ie = 0;
    double bpl = 4.3;
    /** Packet loss in percent, and burst ratio: 1 is random loss, above it loss comes in bursts. */
    double ppl = 0;
    double burstR = 1;
    /** Circuit noise at the 0 dBr point in dBm0p, and noise floor at the receive side in dBmp. */
    double nc = -70;
    double nfor = -64;
    /** Room noise at send and receive side, in dB(A). */
    double ps = 35;
    double pr = 35;
    /** Advantage factor. */
    double a = 0;
};

/** The transmission rating R (ITU-T G.107 §7) on the narrowband scale; 93.2 for the defaults. Pure. */
double ratingOf(const Transmission& transmission);

/** Estimated conversational MOS, 1 to 4.5, of a rating (ITU-T G.107 Annex B). Pure. */
double mosOf(double rating);

}  // namespace offhook
