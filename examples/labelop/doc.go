// Command labelop is a small annotation service that keeps its privacy policy:
// customers upload images, people annotate them and a model suggests labels,
// and each of these runs only if the legal basis, the role, the recipient and
// the age allow it. The evidence is in an SQLite file and survives restarts.
//
//	go run ./labelop            play the journey, then serve
//	go run ./labelop -once      play the journey and exit: 0 if all went as expected
//	go run ./labelop -dir data  keep the files
//
// The company, its people and its recipients are fictional.
//
// Its privacy policy (policy.en.md, policy.de.md) is checked against what it
// declares before it starts, and served with its history. releases.go has two
// more releases, which change what happens to personal data: the policy has to
// say so, customers are told, and the gate keeps to it.
//
// main.go wires it, service.go serves it, one file holds each job (accounts,
// attestations, uploads, labels, preferences, records, the policy and its
// pages). journey.go plays a customer against it over real HTTP, policyjourney.go
// the changes of the policy, with a clock that can be moved, retentionjourney.go
// what is kept, and for how long, over five years of such a clock. personalpages.go
// is where a person sees and changes what it decided, and takes along a signed
// receipt of it (receipts.go, receiptpages.go).
//
// The files named requests… are what LabelOp does when a person asks for a right:
// intake, proof of identity, the connectors of its systems, the package to
// download, erasure with what the law keeps, letters, forwarding to customers, and
// the desk of its staff. requestsjourney.go plays it over twelve years of a clock.
package main
