// Package fulfilmenttest helps hosts test what they hand to package fulfilment:
// RequireConnectors holds their connectors against the register, and
// RunSuppression is the conformance suite of a fulfilment.SuppressionStore, which
// RunSuppressionMutants proves on the very store that passes it.
//
// The package imports only the standard library and this module.
package fulfilmenttest
