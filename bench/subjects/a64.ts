import { mlpSubject } from '../mlp.ts';

export default mlpSubject('A64', [784, 512, 512, 10], 64);
