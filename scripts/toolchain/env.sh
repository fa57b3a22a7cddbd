# Puts the pinned Node and npm first in PATH. Source it: `. scripts/toolchain/env.sh`, from the top of the checkout.
# The caller's npmrc may hold a nodedir with another Node's headers; the variable below wins over it.
offhook_root=$(pwd)
case "$(uname -m)" in
x86_64) offhook_arch=x64 ;;
aarch64) offhook_arch=arm64 ;;
*)
    echo "offhook: no pinned Node for $(uname -m); only x86_64 and aarch64 are served" >&2
    exit 1
    ;;
esac
OFFHOOK_NODE=$offhook_root/scripts/toolchain/node_modules/node-linux-$offhook_arch
PATH=$OFFHOOK_NODE/bin:$offhook_root/scripts/toolchain/node_modules/.bin:$offhook_root/node_modules/.bin:$PATH
npm_config_nodedir=$OFFHOOK_NODE
# alsa-capture asks for C++17 and Node's headers for C++20: what stands last on the command line wins.
CXXFLAGS="-std=gnu++20 ${CXXFLAGS:-}"
JOBS=$(nproc)
# SIP messages hold credentials; jssip's `debug` would print them.
unset DEBUG
export OFFHOOK_NODE PATH npm_config_nodedir CXXFLAGS JOBS
