import { mlpSubject } from '../mlp.ts';

export default mlpSubject('A1', [784, 512, 512, 10]);
