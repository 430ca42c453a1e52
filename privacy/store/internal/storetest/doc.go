// Package storetest holds the bodies of tests that every adapter has alike. An
// adapter's test opens its store and calls the body.
//
// What a store promises is not here: that is what the suites consenttest,
// retentiontest, dsrtest, policydoctest and their like are for.
package storetest
