import { mlpSubject } from '../mlp.ts';

export default mlpSubject('B', [32, 512, 512, 784]);
