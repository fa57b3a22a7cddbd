#include "alsa_device.h"

#include <alsa/asoundlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "resampler.h"

namespace offhook {

namespace {

constexpr unsigned kPeriods = 4;
constexpr unsigned kMaxChannels = 2;
/** Frames that are converted at once; whatever is longer goes in several pieces. */
constexpr size_t kPiece = kSampleRate / 50;

struct ClosePcm {
    void operator()(snd_pcm_t* pcm) const { snd_pcm_close(pcm); }
};
using Pcm = std::unique_ptr<snd_pcm_t, ClosePcm>;

/** What a PCM was set to. */
struct Format {
    unsigned rate = kSampleRate;
    unsigned channels = 1;
    snd_pcm_uframes_t period = 0;
    snd_pcm_uframes_t buffer = 0;
};

/** Returns the first error of alsa-lib, 0 when all is set. */
int setHardware(snd_pcm_t* pcm, Format& format) {
    snd_pcm_hw_params_t* params = nullptr;
    snd_pcm_hw_params_alloca(&params);
    int error = snd_pcm_hw_params_any(pcm, params);
    // The converters of alsa-lib cost delay; ours run at a known one.
    if (error >= 0) error = snd_pcm_hw_params_set_rate_resample(pcm, params, 0);
    if (error >= 0) error = snd_pcm_hw_params_set_access(pcm, params, SND_PCM_ACCESS_RW_INTERLEAVED);
    if (error >= 0) error = snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16);
    if (error >= 0) error = snd_pcm_hw_params_set_channels_near(pcm, params, &format.channels);
    if (error >= 0) error = snd_pcm_hw_params_set_rate_near(pcm, params, &format.rate, nullptr);
    format.period = format.period * format.rate / kSampleRate;
    if (error >= 0) error = snd_pcm_hw_params_set_period_size_near(pcm, params, &format.period, nullptr);
    format.buffer = format.period * kPeriods;
    if (error >= 0) error = snd_pcm_hw_params_set_buffer_size_near(pcm, params, &format.buffer);
    if (error >= 0) error = snd_pcm_hw_params(pcm, params);
    if (error >= 0 && format.channels > kMaxChannels) error = -EINVAL;
    return std::min(error, 0);
}

int setSoftware(snd_pcm_t* pcm, const Format& format) {
    snd_pcm_sw_params_t* params = nullptr;
    snd_pcm_sw_params_alloca(&params);
    int error = snd_pcm_sw_params_current(pcm, params);
    snd_pcm_uframes_t boundary = 0;
    if (error >= 0) error = snd_pcm_sw_params_get_boundary(params, &boundary);
    // Started by hand, when the buffer holds what it should.
    if (error >= 0) error = snd_pcm_sw_params_set_start_threshold(pcm, params, boundary);
    if (error >= 0) error = snd_pcm_sw_params_set_avail_min(pcm, params, format.period);
    if (error >= 0) error = snd_pcm_sw_params(pcm, params);
    return std::min(error, 0);
}

class AlsaDevice final : public AudioDevice {
  public:
    AlsaDevice(Pcm pcm, const Format& format, bool capture)
        : pcm_(std::move(pcm)),
          format_(format),
          capture_(capture),
          resampler_(capture ? format.rate : kSampleRate, capture ? kSampleRate : format.rate),
          mono_(2 * kPiece * std::max(format.rate, kSampleRate) / kSampleRate + 2),
          frames_(mono_.size() * format.channels) {}

    size_t capacity() const override { return format_.buffer * kSampleRate / format_.rate; }
    size_t period() const override { return format_.period * kSampleRate / format_.rate; }

    int64_t available() override {
        const snd_pcm_sframes_t frames = snd_pcm_avail(pcm_.get());
        if (frames < 0) return frames;
        // Of what was read but found no room at 48 kHz, nothing is left: a read takes whole pieces.
        return frames * static_cast<int64_t>(kSampleRate) / format_.rate;
    }

    int64_t write(std::span<const int16_t> samples) override {
        size_t done = 0;
        while (done < samples.size()) {
            const size_t piece = std::min(samples.size() - done, kPiece);
            const size_t count = resampler_.process(samples.subspan(done, piece), mono_);
            for (size_t i = 0; i < count; ++i) {
                std::fill_n(&frames_[i * format_.channels], format_.channels, mono_[i]);
            }
            const snd_pcm_sframes_t written = snd_pcm_writei(pcm_.get(), frames_.data(), count);
            if (written == -EAGAIN) break;
            if (written < 0) return written;
            done += piece;
        }
        return static_cast<int64_t>(done);
    }

    int64_t read(std::span<int16_t> samples) override {
        const size_t wanted = std::min(samples.size(), kPiece) * format_.rate / kSampleRate;
        const snd_pcm_sframes_t frames = snd_pcm_readi(pcm_.get(), frames_.data(), wanted);
        if (frames == -EAGAIN) return 0;
        if (frames < 0) return frames;
        const size_t count = static_cast<size_t>(frames);
        for (size_t i = 0; i < count; ++i) mono_[i] = frames_[i * format_.channels];
        return static_cast<int64_t>(resampler_.process(std::span(mono_).first(count), samples));
    }

    int start() override { return snd_pcm_start(pcm_.get()); }

    int recover(int error) override {
        if (error == -ESTRPIPE) {
            const int resumed = snd_pcm_resume(pcm_.get());
            if (resumed == -EAGAIN) return 0;
        }
        if (error != -EPIPE && error != -ESTRPIPE) return error;
        return snd_pcm_prepare(pcm_.get());
    }

    ~AlsaDevice() override {
        // What still waits in the buffer must not sound; an error here only says that the device is gone already.
        [[maybe_unused]] const int ignored = snd_pcm_drop(pcm_.get());
    }

  private:
    Pcm pcm_;
    const Format format_;
    const bool capture_;
    Resampler resampler_;
    std::vector<int16_t> mono_;
    std::vector<int16_t> frames_;
};

/** alsa-lib would print to standard error; what matters comes back as a reason. */
void silence(const char*, int, const char*, int, const char*, ...) {}

}  // namespace

std::string alsaReason(const std::string& name, int error) {
    return name + ": " + snd_strerror(error);
}

OpenedDevice openAlsaDevice(const AudioDeviceRequest& request) {
    static const int quiet = snd_lib_error_set_handler(silence);
    [[maybe_unused]] const int ignored = quiet;
    const bool capture = request.pcm == PcmName::Capture;
    snd_pcm_t* opened = nullptr;
    int error = snd_pcm_open(&opened, request.name.c_str(), capture ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK,
                             SND_PCM_NONBLOCK);
    if (error < 0) return {nullptr, alsaReason(request.name, error)};
    Pcm pcm(opened);
    Format format{.period = request.period};
    error = setHardware(pcm.get(), format);
    if (error >= 0) error = setSoftware(pcm.get(), format);
    if (error >= 0) error = snd_pcm_prepare(pcm.get());
    if (error < 0) return {nullptr, alsaReason(request.name, error)};
    return {std::make_unique<AlsaDevice>(std::move(pcm), format, capture), ""};
}

}  // namespace offhook
