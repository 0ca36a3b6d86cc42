package lattice

import "testing"

// TestDecompose_Borders_AreAsDefined holds it to FIPS 204, algorithm 36, where its cases meet. One
// coefficient in eight million is q - 1, and so one signature in four thousand has one.
func TestDecompose_Borders_AreAsDefined(t *testing.T) {
	for _, p := range []*parameters{&mlDSA44, &mlDSA65, &mlDSA87} {
		step := int64(2 * p.gamma2)
		defined := func(r int64) (high int64, positive bool) {
			low := r % step
			if low > step/2 {
				low -= step
			}
			if r-low == q-1 {
				return 0, low-1 > 0
			}
			return (r - low) / step, low > 0
		}
		for multiple := int64(0); multiple <= q+step; multiple += step / 2 {
			for r := max(multiple-2, 0); r <= min(multiple+2, q-1); r++ {
				high, positive := p.decompose(uint32(r))
				wantHigh, wantPositive := defined(r)
				if int64(high) != wantHigh || positive != wantPositive || high > p.w1Highest {
					t.Errorf("%s: %d has high bits %d, positive %t: want %d, %t", p.spec, r, high,
						positive, wantHigh, wantPositive)
				}
			}
		}
	}
}
