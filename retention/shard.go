package retention

import (
	"cmp"
	"slices"
)

// Shards is the number of parts that a sweep is worked on in.
const Shards = 256

// Shard is a part of a sweep: all records of a subject are in one. A plan says
// which, by a keyed hash of tenant and subject, or of the record itself where
// there is no subject.
type Shard uint8

// Lease is the right to work on a shard of a sweep. The store refuses one that is
// not the latest of its shard.
type Lease struct {
	Shard Shard
	// Fence is the fencing token. It grows with each lease of the shard.
	Fence uint64
}

func (s *Sweeper) shard(r *Record) Shard {
	owner := joined("subject", string(r.Tenant), string(r.Subject))
	if r.Subject == "" {
		owner = joined("record", string(r.System), string(r.Tenant), r.Key)
	}
	return Shard(mac(s.key, owner)[0])
}

// leases are those that a process holds.
type leases map[Shard]Lease

func (l leases) sorted() []Lease {
	list := make([]Lease, 0, len(l))
	for _, lease := range l {
		list = append(list, lease)
	}
	slices.SortFunc(list, func(a, b Lease) int { return cmp.Compare(a.Shard, b.Shard) })
	return list
}

// of returns the leases on shards, each once.
func (l leases) of(shards []Shard) []Lease {
	slices.Sort(shards)
	var list []Lease
	for _, shard := range slices.Compact(shards) {
		list = append(list, l[shard])
	}
	return list
}
