//go:build race

package archtest

// raceDetector tells whether this test runs under the race detector, so that
// the nested modules' tests do too.
const raceDetector = true
