package impact

// Level says how bad it is for the clients of a product.
type Level string

const (
	OK          Level = "ok"
	Degraded    Level = "degraded"
	Outage      Level = "outage"
	Unknown     Level = "unknown"     // we could not observe
	Maintenance Level = "maintenance" // the owner announced it
)

// Severity orders levels from 0 (ok) upwards; unknown lies between ok and
// degraded, since it deserves a look but is no finding.
func (l Level) Severity() int {
	switch l {
	case Degraded:
		return 3
	case Outage:
		return 4
	case Unknown:
		return 2
	case Maintenance:
		return 1
	default:
		return 0
	}
}

// Hurt reports whether clients are known to be affected.
func (l Level) Hurt() bool { return l == Degraded || l == Outage }
