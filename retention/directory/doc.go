// Package directory makes a retention.System of a directory of files. Each regular
// file below it is a record; its key is its path, with slashes.
//
//	byCustomer, err := directory.Layout("{tenant}/{subject}/**", "modified",
//		retention.Record{Category: "content.images", Role: privacy.RoleProcessor})
//	...
//	system, err := directory.New(directory.Directory{
//		System: "image-files", Path: "/srv/images", Quarantine: ".retained", Record: byCustomer,
//	})
//
// What a file is, the host says by a function; Layout makes one of the path and the
// time of modification. A file that a layout does not fit is a record without
// events: nothing disposes of it, and every plan shows it as unreadable.
//
// # Staying inside
//
// Everything happens through os.Root and below the directory. Symbolic links are no
// records and are not followed; Delete follows none even where one takes the place
// of a directory while a sweep runs.
//
// # What a sweep does
//
// Delete removes the file and the directories that are empty without it, and
// returns when the disk has both. Hide moves the file into the quarantine, under
// the same path, from where a later sweep deletes it. A file that has changed since
// it was read is left alone. What the file system keeps of a deleted file, such as
// snapshots, is for Directory.BackupCycleDays.
//
// Each page reads the directories on the way to it anew, so that a directory with
// hundreds of thousands of entries is slow; a directory per customer, or per first
// letters of a hash, is not. A path whose file was hidden is not to be used again
// for another file while the first is retained.
package directory
