// SPDX-License-Identifier: MIT
// M3: start N goroutines, each writing its result, and wait for all, ROUNDS times; ns per task in
// the last round.  usage: N ROUNDS
package main

import (
	"sync"
	"time"
)

func main() {
	n, rounds := arg(1, 1000000), arg(2, 1)
	for ; rounds > 1; rounds-- {
		gather(n)
	}
	t := start()
	gather(n)
	reportNS(n, time.Since(t))
}

func gather(n int) {
	r := make([]int, n)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) { r[i] = i; wg.Done() }(i)
	}
	wg.Wait()
	if r[n-1] != n-1 {
		panic("wrong")
	}
}
