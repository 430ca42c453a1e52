// Package outside finds test material that is no part of the repository: the
// published tables and cases of standards, and real policies.
//
// It lies in the directory that an environment variable names, or else in a
// directory shared/standards or shared/corpus beside the checkout. A test that
// does not find it skips, but where the variable is set it fails: whoever sets it
// means the tests to run.
package outside
