// Package transfer decides whether personal data may go to a third country.
//
// # The ladder
//
// Ladder.Judge is a pure function that walks Chapter V of the GDPR and of the
// UK GDPR: no transfer at all, an adequacy decision, an appropriate safeguard, a
// derogation, and otherwise no. The first step that holds is the mechanism
// relied on; a refusal says what would be needed. Remote access from a third
// country is a transfer; a person who sends their own data is not an exporter.
//
// # The law as data
//
// The countries with an adequacy decision, with its days and its scope, are
// those of privacy.Law: there is one such table in the SDK. What each mechanism
// demands stands in law/ladder.json beside this package. Whether a recipient is
// on a certification list, such as that of the Data Privacy Framework, is asked
// of the host: a list changes daily. Nothing that was not stated counts as met.
//
// # The gate
//
// Recipients is a set of transfers by recipient and country. It satisfies
// consent.TransferJudge: a gate that has one refuses disclosures that no step of
// the ladder permits on the day, and records the mechanism relied on with each.
package transfer
