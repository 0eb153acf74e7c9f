// Where the data sets lie that test:data reads; run as a program, it says what is missing.
const fs = require('node:fs');
const path = require('node:path');

/** ALBERT_DATA, or ../shared/data beside the repository. */
const folder = path.resolve(
  process.env.ALBERT_DATA || path.join(__dirname, '../../../shared/data'),
);

if (require.main === module && !fs.existsSync(path.join(folder, 'golden'))) {
  console.error(
    `test:data: there are no data sets in ${folder}.\n` +
      'Set ALBERT_DATA to their folder (the one that holds golden/, glue/ and ckpt-mini/).\n' +
      'npm test needs none of them.',
  );
  process.exit(1);
}

module.exports = { folder };
