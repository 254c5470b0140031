import { Matrix, SingularValueDecomposition } from 'ml-matrix';

/** Beyond this many elements a page should not wait for it. */
const MOST = 2e5;

/** Singular values of a row-major matrix, from large to small; none for one that is too large. */
export function singularValues(data: Float32Array, rows: number, columns: number): Float64Array {
  if (data.length === 0 || data.length > MOST || !data.every(Number.isFinite))
    return new Float64Array();
  const matrix = Matrix.from1DArray(rows, columns, data);
  const svd = new SingularValueDecomposition(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return Float64Array.from(svd.diagonal).sort().reverse();
}
