/**
 * libFuzzer inside Node, for what needs Node: JavaScript, and OpenSSL, which is Node's own.
 *
 *   counters(size)                  Uint8Array that libFuzzer watches: instrumented JavaScript counts there
 *   run(arguments, input?, target?) libFuzzer's main; `target(size)` is called with so many octets in `input`
 *
 * Without `target` it is the LLVMFuzzerTestOneInput that is linked in. The process ends where libFuzzer ends it.
 */
#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using Target = int (*)(const uint8_t*, size_t);

extern "C" __attribute__((weak)) int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerRunDriver(int* count, char*** arguments, Target target);
extern "C" void __sanitizer_cov_8bit_counters_init(uint8_t* start, uint8_t* stop);
extern "C" void __sanitizer_cov_pcs_init(const uintptr_t* start, const uintptr_t* stop);

namespace {

/** While run() runs; libFuzzer's targets have no place for it. */
const Napi::Function* target = nullptr;
Napi::Uint8Array* input = nullptr;

int callTarget(const uint8_t* data, size_t size) {
    const Napi::HandleScope scope(target->Env());
    const size_t count = std::min(size, input->ByteLength());
    std::copy(data, data + count, input->Data());
    try {
        target->Call({Napi::Number::New(target->Env(), static_cast<double>(count))});
    } catch (const Napi::Error& error) {
        const Napi::Value stack = error.Value().Get("stack");
        fprintf(stderr, "%s\n", stack.ToString().Utf8Value().c_str());
        // libFuzzer keeps the input and ends the process.
        abort();
    }
    return 0;
}

/** For each counter libFuzzer wants a place in the code; these are only numbers. */
Napi::Value counters(const Napi::CallbackInfo& info) {
    const size_t size = info[0].As<Napi::Number>().Uint32Value();
    auto* const counts = new std::vector<uint8_t>(size);
    auto* const places = new std::vector<uintptr_t>(2 * size);
    for (size_t i = 0; i < size; ++i) (*places)[2 * i] = i + 1;
    __sanitizer_cov_8bit_counters_init(counts->data(), counts->data() + size);
    __sanitizer_cov_pcs_init(places->data(), places->data() + places->size());
    // For good, as libFuzzer keeps them.
    const auto buffer = Napi::ArrayBuffer::New(info.Env(), counts->data(), size, [](Napi::Env, void*) {});
    return Napi::Uint8Array::New(info.Env(), size, buffer, 0);
}

Napi::Value run(const Napi::CallbackInfo& info) {
    std::vector<std::string> words{"fuzz"};
    const Napi::Array given = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < given.Length(); ++i) words.push_back(given.Get(i).As<Napi::String>());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int count = static_cast<int>(words.size());
    char** arguments = pointers.data();
    // libFuzzer exits from within a call, where Node cannot end as it should.
    on_exit(
        [](int status, void*) {
            fflush(nullptr);
            _Exit(status);
        },
        nullptr);
    if (info.Length() < 3)
        return Napi::Number::New(info.Env(), LLVMFuzzerRunDriver(&count, &arguments, LLVMFuzzerTestOneInput));
    auto octets = info[1].As<Napi::Uint8Array>();
    const auto function = info[2].As<Napi::Function>();
    input = &octets;
    target = &function;
    return Napi::Number::New(info.Env(), LLVMFuzzerRunDriver(&count, &arguments, callTarget));
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
    exports.Set("counters", Napi::Function::New(env, counters));
    exports.Set("run", Napi::Function::New(env, run));
    return exports;
}

}  // namespace

NODE_API_MODULE(fuzzer, start)
