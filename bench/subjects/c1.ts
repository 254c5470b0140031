import { mlpSubject } from '../mlp.ts';

export default mlpSubject('C1', [256, 256, 256, 256, 256]);
