// Package archive makes the package that answers a request for access or
// portability: a ZIP that is streamed to a writer of the host's, which may
// encrypt it, in memory that does not grow with what is in it, but for a line
// per file.
//
// # What is in it
//
// Each system of the register that holds data of the controller has a directory
// with data.json, which lists its records, and with the media files, which come
// before it. An access package tells with the data what GDPR Art. 15(1) lists,
// drawn from the register and so from the same declaration as the gate and the
// record of processing: purposes and their legal bases, categories, retention,
// sources, automated decisions, transfers, and the recipients to whom data were
// actually disclosed (CJEU C-154/21), which the host's Disclosures knows. It
// ends with report.html for people to read. A portability package (Art. 20) is
// machine-readable only, and holds only what the person provided or what was
// observed of them, as far as it is processed on consent or for a contract.
// The last entry is manifest.json with the SHA-256 of every other.
//
// A Builder refuses to leave a system out: one that nobody exports is an error,
// as is a record of a category that its system is not declared to hold. What
// concerns third parties (Art. 15(4)) is for the host's ThirdParties to redact,
// and there is no package without one; NobodyElse says that nobody else is in
// the data. A source that fails ends the build, and a ZIP without manifest is
// none: Verify reads a package back and says whether it is whole.
//
// File names come from people. Each is made safe for every common file system,
// and none leads out of its directory.
//
// # Handing it over
//
// FromCase makes the request of a case whose systems have exported, in the tasks
// that package dsr/fulfilment has carried out.
//
// A Desk hands out tokens for the download: 256 random bits, bound to tenant and
// case, kept as a hash, good for one download until they expire. TokenStore is
// the role that a store plays; package archivetest holds the suite for it.
package archive
