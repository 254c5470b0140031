import { mlpSubject } from '../mlp.ts';

export default mlpSubject('autoencoder', [784, 256, 16, 256, 784]);
