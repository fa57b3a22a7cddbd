#include "e_model.h"

#include <algorithm>
#include <cmath>

// ITU-T G.107 §7:  R = Ro - Is - Id - Ie,eff + A. The names of its formulae are kept.

namespace offhook {

namespace {

double power(double decibels) {
    return std::pow(10, decibels / 10);
}

/** (1 + x^n)^(1/n) */
double soft(double x, double n) {
    return std::pow(1 + std::pow(x, n), 1 / n);
}

/** No: the power addition of all noise, in dBm0p (§7.2). */
double noiseOf(const Transmission& in) {
    const double olr = in.slr + in.rlr;
    const double nos = in.ps - in.slr - in.ds - 100 + 0.004 * std::pow(in.ps - olr - in.ds - 14, 2);
    const double pre = in.pr + 10 * std::log10(1 + power(10 - in.lstr));
    const double nor = in.rlr - 121 + pre + 0.008 * std::pow(pre - 35, 2);
    return 10 * std::log10(power(in.nc) + power(nos) + power(nor) + power(in.nfor + in.rlr));
}

/** Ist: sidetone that is not the best (§7.3.2). */
double sidetoneOf(const Transmission& in) {
    const double stmro = -10 * std::log10(power(-in.stmr) + std::exp(-in.t / 4) * power(-in.telr));
    return 12 * soft((stmro - 13) / 6, 8) - 28 * soft((stmro + 1) / 19.4, 35) - 13 * soft((stmro - 3) / 33, 13) + 29;
}

/** Is: what comes with the voice itself (§7.3). */
double simultaneousOf(const Transmission& in, double no, double ro) {
    const double xolr = in.slr + in.rlr + 0.2 * (64 + no - in.rlr);
    const double iolr = 20 * (soft(xolr / 8, 8) - xolr / 8);
    const double q = 37 - 15 * std::log10(in.qdu);
    const double g = 1.07 + 0.258 * q + 0.0602 * q * q;
    const double y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
    const double z = 46.0 / 30 - g / 40;
    const double iq = 15 * std::log10(1 + std::pow(10, y) + std::pow(10, z));
    return iolr + sidetoneOf(in) + iq;
}

/** Idte: talker echo (§7.4). */
double talkerEchoOf(const Transmission& in, double no) {
    const double ist = sidetoneOf(in);
    double terv = in.telr - 40 * std::log10((1 + in.t / 10) / (1 + in.t / 150)) + 6 * std::exp(-0.3 * in.t * in.t);
    if (in.stmr < 9) terv += ist / 2;
    const double roe = -1.5 * (no - in.rlr);
    const double re = 80 + 2.5 * (terv - 14);
    const double half = (roe - re) / 2;
    const double idte = (half + std::sqrt(half * half + 100) - 1) * (1 - std::exp(-in.t));
    return in.stmr > 20 ? std::hypot(idte, ist) : idte;
}

/** Idle: listener echo (§7.4). */
double listenerEchoOf(const Transmission& in, double ro) {
    const double rle = 10.5 * (in.wepl + 7) * std::pow(in.tr + 1, -0.25);
    const double half = (ro - rle) / 2;
    return half + std::sqrt(half * half + 169);
}

/** Idd: delay that is too long even without echo (§7.4). */
double longDelayOf(double ta) {
    if (ta <= 100) return 0;
    const double x = std::log2(ta / 100);
    return 25 * (soft(x, 6) - 3 * soft(x / 3, 6) + 2);
}

/** Ie,eff: the codec under packet loss (§7.5). */
double equipmentOf(const Transmission& in) {
    if (in.ppl <= 0) return in.ie;
    return in.ie + (95 - in.ie) * in.ppl / (in.ppl / in.burstR + in.bpl);
}

}  // namespace

double ratingOf(const Transmission& in) {
    const double no = noiseOf(in);
    const double ro = 15 - 1.5 * (in.slr + no);
    const double id = talkerEchoOf(in, no) + listenerEchoOf(in, ro) + longDelayOf(in.ta);
    return ro - simultaneousOf(in, no, ro) - id - equipmentOf(in) + in.a;
}

double mosOf(double rating) {
    if (rating <= 0) return 1;
    if (rating >= 100) return 4.5;
    // Below 6.5 the polynomial dips under the scale.
    return std::max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

}  // namespace offhook
