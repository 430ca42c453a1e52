package retention

// For tests against published vectors.
var (
	MAC            = mac
	GCM            = gcm
	ErasureGrounds = erasureGrounds
)
