/** Packages that load a `.node` file by its place beside their own code, and so are no part of the bundle. */
export const nativePackages: readonly string[] = ["@serialport/bindings-cpp", "alsa-capture", "epoll", "sqlite3"];
