import { mlpSubject } from '../mlp.ts';

export default mlpSubject('C16', [256, 256, 256, 256, 256], 16);
