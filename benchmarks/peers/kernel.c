/* The same integers in bare C, as somebody would write it for this one network and no other: leaky neurons with a
   refractory period, an all-to-all matrix of one byte a weight, spikes that arrive after one step, and the pair rule
   of STDP between neurons. No delays, no leak, no bias, no bounds of the state, no counters, nothing recorded but a count.
   What it computes is bit for bit what the chip does as long as none of these matter. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline int32_t shrink(int32_t x, int64_t keep)
{
    int64_t product = x * keep;
    return (int32_t)((product + (product < 0 ? 65535 : 0)) >> 16);
}

static inline int32_t fade(int32_t x, int64_t keep, uint32_t draw) { return (int32_t)((x * keep + draw) >> 16); }

/* The code of a place: its number with 16 bits in the opposite order, and that of its kind. */
static uint32_t code(uint32_t number, uint32_t kind)
{
    uint32_t reversed = 0;
    for (int bit = 0; bit < 16; bit++)
        reversed |= (number >> bit & 1) << (15 - bit);
    return reversed ^ kind;
}

static inline int32_t whole(int32_t p) { return (p + (p < 0 ? 255 : 0)) >> 8; }

/* Draw the input spikes of so many steps: each input fires with the chance limit / 2^32. Returns how many there are. */
int draw(int steps, int m, uint32_t limit, uint64_t seed, int32_t *restrict first, int32_t *restrict inputs)
{
    int count = 0;
    for (int t = 0; t < steps; t++) {
        first[t] = count;
        for (int a = 0; a < m; a++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            inputs[count] = a;
            count += (uint32_t)(seed >> 32) < limit;
        }
    }
    first[steps] = count;
    return count;
}

/* Run `steps` steps; inputs[first[t]] to inputs[first[t + 1]] fire in step t. Returns the number of spikes. */
int64_t run(int steps, int n, int m, const int32_t *first, const int32_t *inputs, int gain, int32_t threshold,
            int period, int64_t keep, int8_t *restrict weights, int learns, int low, int high, int potentiation,
            int depression, int increment, int cap, int32_t *restrict v, int32_t *restrict r)
{
    int32_t *restrict g = calloc(n, 4), *restrict from_inputs = calloc(n, 4), *fired = calloc(n, 4);
    int32_t *restrict x = calloc(n, 4), *restrict y = calloc(n, 4), *restrict change = calloc(n, 4);
    uint32_t *restrict axon = calloc(n, 4), *restrict neuron = calloc(n, 4), random = 0x9E3779B9;
    int firing = 0;
    int64_t spikes = 0;
    for (int j = 0; j < n; j++)
        axon[j] = code(j, 0x5555), neuron[j] = code(j, 0x0F0F);
    for (int t = 0; t < steps; t++) {
        memset(g, 0, 4 * n);
        memset(from_inputs, 0, 4 * n);
        if (learns)
            for (int j = 0; j < n; j++)
                change[j] = whole((y[j] * depression + 2048) >> 12);
        for (int k = 0; k < firing; k++) {
            int8_t *restrict row = weights + (size_t)(m + fired[k]) * n;
            for (int j = 0; j < n; j++)
                g[j] += row[j];
            if (learns)
                for (int j = 0; j < n; j++) {
                    int w = row[j] + change[j];
                    row[j] = w < low ? low : w > high ? high : w;
                }
        }
        for (int k = first[t]; k < first[t + 1]; k++) {
            const int8_t *restrict row = weights + (size_t)inputs[k] * n;
            for (int j = 0; j < n; j++)
                from_inputs[j] += row[j];
        }
        if (learns) {
            for (int a = 0; a < n; a++)
                x[a] = fade(x[a], keep, (random & 65535) ^ axon[a]);
            for (int k = 0; k < firing; k++)
                x[fired[k]] = x[fired[k]] + increment < cap ? x[fired[k]] + increment : cap;
        }
        firing = 0;
        for (int j = 0; j < n; j++)
            v[j] = shrink(v[j], keep) + g[j] + (from_inputs[j] << gain);
        for (int j = 0; j < n; j++) {
            if (r[j] > 0)
                r[j]--;
            else if (v[j] > threshold)
                fired[firing++] = j;
        }
        for (int k = 0; k < firing; k++) {
            v[fired[k]] = 0;
            r[fired[k]] = period;
        }
        spikes += firing;
        if (learns) {
            for (int j = 0; j < n; j++)
                y[j] = fade(y[j], keep, (random & 65535) ^ neuron[j]);
            for (int k = 0; k < firing; k++)
                y[fired[k]] = y[fired[k]] + increment < cap ? y[fired[k]] + increment : cap;
            if (firing)
                for (int a = 0; a < n; a++) {
                    int p = whole((x[a] * potentiation + 2048) >> 12);
                    int8_t *row = weights + (size_t)(m + a) * n;
                    if (p)
                        for (int k = 0; k < firing; k++) {
                            int w = row[fired[k]] + p;
                            row[fired[k]] = w < low ? low : w > high ? high : w;
                        }
                }
            random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        }
    }
    free(axon), free(neuron), free(g), free(from_inputs), free(fired), free(x), free(y), free(change);
    return spikes;
}
