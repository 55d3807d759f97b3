// Node-API on Windows. A library there names the file that each of its functions comes from, and for Node-API that is
// no one file: node.exe, electron.exe, or whatever somebody has called it. So nothing is imported: each function of
// Node-API is a jump, and where to is asked of the program that has loaded the addon.
//
// node_api_functions.h is made by scripts/release/addon.mjs: a line NODE_API(name) for each function.

#include <windows.h>

#include <initializer_list>

namespace {

/** napi_generic_failure, for what a runtime lacks. */
int Missing() { return 9; }

struct Function {
  const char* name;
  FARPROC* address;
};

}  // namespace

#define NODE_API(name) extern "C" FARPROC name##_address = nullptr;
#include "node_api_functions.h"
#undef NODE_API

#define NODE_API(name) __asm__(".globl " #name "\n" #name ":\n  jmp *" #name "_address(%rip)\n");
#include "node_api_functions.h"
#undef NODE_API

namespace {

const Function functions[] = {
#define NODE_API(name) {#name, &name##_address},
#include "node_api_functions.h"
#undef NODE_API
};

/** The program itself, or the library that a Node.js is which was built as one. */
HMODULE FindRuntime() {
  for (const wchar_t* name : {static_cast<const wchar_t*>(nullptr), L"libnode.dll", L"node.dll"}) {
    const HMODULE runtime = GetModuleHandleW(name);
    if (runtime != nullptr && GetProcAddress(runtime, "napi_create_function") != nullptr) return runtime;
  }
  return nullptr;
}

/**
 * Keeps this library loaded to the end of the process, as `-z nodelete` does on Linux: Node.js frees it with the last
 * worker that has loaded it, and threads that were left to themselves would run code that is gone.
 */
bool KeepLoaded() {
  HMODULE self = nullptr;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
  return GetModuleHandleExW(flags, reinterpret_cast<LPCWSTR>(&functions), &self) != 0;
}

}  // namespace

/** False lets the load fail ("a dynamic link library (DLL) initialization routine failed"). */
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  const HMODULE runtime = FindRuntime();
  if (runtime == nullptr || !KeepLoaded()) return FALSE;
  for (const auto& [name, address] : functions) {
    const FARPROC found = GetProcAddress(runtime, name);
    *address = found != nullptr ? found : reinterpret_cast<FARPROC>(&Missing);
  }
  return TRUE;
}
