package retention

// For tests against published vectors.
var (
	MAC             = mac
	LeafHash        = leafHash
	MerkleRoot      = merkleRoot
	InclusionPath   = inclusionPath
	VerifyInclusion = verifyInclusion
	GCM             = gcm
	ErasureGrounds  = erasureGrounds
)
