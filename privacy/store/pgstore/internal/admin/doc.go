// Package admin runs statements of an administrator for package pgtest, which,
// as a test suite, does not import the driver itself.
package admin
