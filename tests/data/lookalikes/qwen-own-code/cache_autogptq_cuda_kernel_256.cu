#include <cuda_runtime.h>

__global__ void Vecmul(const float* a, float* b) { b[threadIdx.x] *= a[threadIdx.x]; }
