{
  # The second route to the addon, for those who have node-gyp at hand: `npm run build:gyp`, or
  # `npx node-gyp configure build`. The sources, the dependencies and the exported symbols are those of CMakeLists.txt.
  'targets': [
    {
      'target_name': 'seekafka',
      'variables': {
        'prefix': '<!(node scripts/deps.mjs --print-prefix)',
      },
      'sources': [
        '<!@(node -p "fs.readFileSync(\'src-native/sources.txt\', \'utf8\')")',
      ],
      'dependencies': [
        '<!(node -p "require(\'node-addon-api\').targets"):node_addon_api_except_all',
      ],
      'defines': [
        'NAPI_VERSION=9',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
        'LIBRDKAFKA_STATICLIB',
        'NDEBUG',
      ],
      'libraries': [
        '<(prefix)/lib/librdkafka.a',
        '<(prefix)/lib/libzstd.a',
      ],
      'conditions': [
        ['OS=="linux"', {
          'cflags_cc!': ['-fno-rtti'],
          'cflags_cc': [
            '-std=c++17',
            '-Wall',
            '-Wextra',
            '-fvisibility=hidden',
            '-fvisibility-inlines-hidden',
            '-isystem', '<(prefix)/include',
          ],
          'ldflags': [
            '-Wl,--exclude-libs,ALL',
            '-Wl,--version-script=<(module_root_dir)/cmake/exports.map',
            '-Wl,-z,now',
            # dlclose leaves the addon in memory; why: keep_loaded() in cmake/node-symbols.cmake.
            '-Wl,-z,nodelete',
          ],
          'libraries': ['-pthread', '-ldl', '-lm'],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
            'GCC_ENABLE_CPP_RTTI': 'YES',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'MACOSX_DEPLOYMENT_TARGET': '11.0',
            'OTHER_CPLUSPLUSFLAGS': ['-Wall', '-Wextra', '-isystem', '<(prefix)/include'],
            'OTHER_LDFLAGS': [
              '-Wl,-exported_symbol,_napi_register_module_v1',
              '-Wl,-exported_symbol,_node_api_module_get_api_version_v1',
            ],
          },
        }],
      ],
    },
  ],
}
