package delivery_test

import (
	"testing"

	"claviger/internal/delivery"
)

// TestPolicy_Phases_ComeInTheirOrder: at once, after the least delay, growing, after the longest.
func TestPolicy_Phases_ComeInTheirOrder(t *testing.T) {
	for _, function := range []delivery.Backoff{delivery.Linear, delivery.Arithmetic,
		delivery.Geometric, delivery.Exponential} {
		p := delivery.Policy{Retries: 12, NoDelay: 2, AtMin: 2, AtMax: 3, Min: 5, Max: 80,
			Backoff: function}
		last := 0.0
		for retry := 1; retry <= 12; retry++ {
			d := p.Delay(retry)
			switch {
			case retry <= 2 && d != 0, retry > 2 && retry <= 5 && d != 5, retry >= 9 && d != 80,
				d < last, retry > 5 && retry < 9 && (d <= 5 || d >= 80):
				t.Errorf("%s: the delay before retry %d is %v, after %v", function, retry, d, last)
			}
			last = d
		}
	}
}

// TestPolicy_LinearDelays_AreThoseOfTheDocumentation: SNS's example has 10 retries from 1 to 20
// seconds.
func TestPolicy_LinearDelays_AreThoseOfTheDocumentation(t *testing.T) {
	p := delivery.Policy{Retries: 3, Min: 20, Max: 20, Backoff: delivery.Linear}
	for retry := 1; retry <= 3; retry++ {
		if d := p.Delay(retry); d != 20 {
			t.Errorf("the usual delay before retry %d is %v", retry, d)
		}
	}
	p = delivery.Policy{Retries: 4, Min: 10, Max: 40, Backoff: delivery.Linear}
	for retry, want := range []float64{10, 20, 30, 40} {
		if d := p.Delay(retry + 1); d != want {
			t.Errorf("the delay before retry %d is %v, want %v", retry+1, d, want)
		}
	}
}

func TestPolicy_EventBridges_FitsIntoADay(t *testing.T) {
	p := delivery.EventBridge(185, 86400)
	sum := 0.0
	for retry := 1; retry <= 185; retry++ {
		d := p.Delay(retry)
		if retry > 1 && d < p.Delay(retry-1) {
			t.Errorf("the delay before retry %d is %v", retry, d)
		}
		sum += d
	}
	if sum < 20*3600 || sum > 86400 {
		t.Errorf("185 retries take %v s", sum)
	}
}
