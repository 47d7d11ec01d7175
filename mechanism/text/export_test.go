package text

// WaitTexts waits until all texts of the coming round were written, as a round's time does.
func (j *Judge) WaitTexts() {
	if j.running != nil {
		j.running.done.Wait()
	}
}

// Seal and MostAtOnce are for tests from outside.
var Seal = seal

const MostAtOnce = mostAtOnce
