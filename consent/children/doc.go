// Package children says from which age a person may consent alone, and whose
// consent is needed before.
//
// # The law as data
//
// The file law/ages.json has the ages of digital consent of each country
// (Art. 8(1) GDPR), with the days from which they apply, and what other regimes
// demand for children, such as COPPA and the CCPA. Embedded returns it as a
// Law; Load reads one that a host keeps up to date itself. No age stands in Go.
//
// # Art. 8
//
// Law.Assess answers one Case. Art. 8 applies only where consent is the legal
// basis and an information society service is offered directly to a child; a
// contract with a child is a matter of national law (Art. 8(3)), and services
// of prevention and counselling need no parent (recital 38). Below the age,
// somebody with parental responsibility authorises the consent, in France
// together with the child. An authorisation counts only if it was verified with
// reasonable effort (Art. 8(2)).
//
// # Birthdays
//
// An age is completed on the birthday, by the calendar of the zone in which the
// host took the civil date. Who was born on 29 February completes a year on
// 1 March where the year has no such day, which is the later of two readings.
// Dates of birth are upper bounds: "born on or before" is all that a proof of
// age needs to say.
package children
