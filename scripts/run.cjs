// Runs a script of ours with the Node that this project pins. Old syntax on purpose: the machine's own Node is only
// the starter and may be years behind.
'use strict';
var path = require('path');
var fs = require('fs');
var spawnSync = require('child_process').spawnSync;
var names = ['node-' + process.platform + '-' + process.arch];
var found = null;
for (var i = 0; i < names.length; i++) {
  var candidate = path.join(__dirname, '..', 'node_modules', names[i], 'bin', 'node');
  if (fs.existsSync(candidate)) {
    found = candidate;
    break;
  }
}
if (!found) {
  process.stderr.write(
    'hardshell: the pinned Node is not installed; run `npm ci` in ' + path.join(__dirname, '..') + '\n',
  );
  process.exit(1);
}
var result = spawnSync(found, process.argv.slice(2), { stdio: 'inherit' });
if (result.error) {
  process.stderr.write('hardshell: ' + result.error.message + '\n');
  process.exit(1);
}
process.exit(result.status === null ? 1 : result.status);
