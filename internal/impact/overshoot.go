package impact

// overshoot is a placeholder
func overshoot(share float64, streams int) float64 { return 0.3 }
