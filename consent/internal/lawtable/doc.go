// Package lawtable reads law that is data: JSON files with a title, a date and
// citations, which a package brings with it and a host can replace.
package lawtable
