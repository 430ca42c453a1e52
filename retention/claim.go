package retention

import (
	"encoding/json"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Claim is a record that a sweep is about to dispose of.
type Claim struct {
	Token  Token
	Shard  Shard
	Record Record
}

// ClaimResult is the answer to a Claim. The zero value refuses.
type ClaimResult struct {
	// Claimed allows the disposal.
	Claimed bool
	// HoldID names the hold that refuses: of several the one in force longest.
	HoldID string
	// Request is the right of the open request that refuses, where no hold does: of
	// several requests the one with the first ID. If there is neither, another
	// sweep has the record.
	Request privacy.Right
}

// Reason returns the code of the refusal, such as "hold:H1", "request:access" or
// "claimed_elsewhere", "" if the record was claimed.
func (r ClaimResult) Reason() string {
	switch {
	case r.Claimed:
		return ""
	case r.HoldID != "":
		return "hold:" + r.HoldID
	case r.Request.Valid():
		return "request:" + r.Request.String()
	default:
		return "claimed_elsewhere"
	}
}

// claimJSON is a Claim as stores keep it, with the zone of the record.
type claimJSON struct {
	Token  Token      `json:"token"`
	Shard  Shard      `json:"shard"`
	Record recordJSON `json:"record"`
}

// recordJSON is a Record with its zone: the name, and the seconds east of UTC at
// the Unix epoch, which tell a zone of that name in another database.
type recordJSON struct {
	Record
	ZoneName   *string `json:"zone,omitempty"`
	ZoneOffset int     `json:"zone_offset,omitempty"`
}

// MarshalJSON returns a form that UnmarshalJSON restores whole, with the zone.
func (c Claim) MarshalJSON() ([]byte, error) {
	return json.Marshal(claimJSON{c.Token, c.Shard, withZone(c.Record)})
}

// UnmarshalJSON restores what MarshalJSON returned and leaves c unchanged on error.
func (c *Claim) UnmarshalJSON(data []byte) error {
	var decoded claimJSON
	if err := json.Unmarshal(data, &decoded); err != nil {
		return err
	}
	*c = Claim{decoded.Token, decoded.Shard, decoded.Record.restore()}
	return nil
}

func withZone(r Record) recordJSON {
	encoded := recordJSON{Record: r}
	if r.Zone != nil {
		name := r.Zone.String()
		encoded.ZoneName, encoded.ZoneOffset = &name, epochOffset(r.Zone)
	}
	return encoded
}

func (r recordJSON) restore() Record {
	record := r.Record
	if r.ZoneName != nil {
		zone, err := time.LoadLocation(*r.ZoneName)
		if err != nil || epochOffset(zone) != r.ZoneOffset {
			zone = time.FixedZone(*r.ZoneName, r.ZoneOffset)
		}
		record.Zone = zone
	}
	return record
}

func epochOffset(zone *time.Location) int {
	_, offset := time.Unix(0, 0).In(zone).Zone()
	return offset
}
