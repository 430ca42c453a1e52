// Package privacytest helps to test code that uses privacykit: the SDK's own
// packages, adapters of its stores, and the services of its hosts.
//
// Time and identifiers are injected everywhere in the SDK, so a test decides
// both: Clock stands still until the test moves it, IDs counts. Neither starts a
// goroutine or a timer. EventRecorder and HookRecorder keep what the code under
// test reported.
//
// RequireTagged keeps a host's types and its declaration together: it fails when
// an exported field of a registered type has no privacy tag, names a category
// that the register does not know, or holds data in another role than the
// category is declared for. A host runs it over every type that it stores.
//
// Declaration is a small valid declaration of a fictional service to start from.
// LoadVectors and RunVectors run legal cases that are kept as data, so that
// lawyers can add one without touching Go.
//
// The package imports the standard library and privacykit only, so a host's tests
// link nothing else.
package privacytest
