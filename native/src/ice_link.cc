#include "ice_link.h"

#include <algorithm>

#include "clock.h"

namespace offhook {

IceWay& IceLink::rtpWay() {
    if (rtp_.fresh()) rtp_.update();
    return rtp_.front();
}

IceWay& IceLink::rtcpWay() {
    if (rtcp_.fresh()) rtcp_.update();
    return rtcp_.front();
}

void IceLink::publish(IceWay rtp, IceWay rtcp) {
    rtp_.back() = std::move(rtp);
    rtp_.publish();
    rtcp_.back() = std::move(rtcp);
    rtcp_.publish();
}

void IceLink::deliver(std::span<const uint8_t> datagram) {
    Datagram* const slot = received_.slot();
    if (slot == nullptr || datagram.size() > slot->bytes.size()) return;
    std::copy(datagram.begin(), datagram.end(), slot->bytes.begin());
    slot->size = datagram.size();
    slot->arrival = monotonicNs();
    received_.push();
    networkThread_.signal();
}

bool IceLink::send(const IceWay& way, SpscRing<OutgoingDatagram>& relayed, std::span<const uint8_t> datagram) {
    switch (way.kind) {
        case IceWay::Kind::None:
            return false;
        case IceWay::Kind::Socket:
            return way.socket->send(datagram, way.to);
        case IceWay::Kind::Relay:
            break;
    }
    OutgoingDatagram* const slot = relayed.slot();
    if (slot == nullptr || datagram.size() > slot->bytes.size()) return false;
    std::copy(datagram.begin(), datagram.end(), slot->bytes.begin());
    slot->size = datagram.size();
    relayed.push();
    iceThread_.signal();
    return true;
}

}  // namespace offhook
