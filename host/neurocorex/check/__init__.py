"""Is this chip right, and how fast is it: self-test, comparison, fidelity, doctor, speed."""
