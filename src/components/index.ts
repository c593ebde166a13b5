/** What pages of the guide may use. */
export { default as AccuracyTable } from './AccuracyTable.astro';
export { default as Cite } from './Cite.astro';
export { default as Estimate } from './Estimate.astro';
export { default as EstimateTable } from './EstimateTable.astro';
export { default as FactorTable } from './FactorTable.astro';
export { default as LeftOut } from './LeftOut.astro';
export { default as MachineChart } from './MachineChart.astro';
export { default as MachineTable } from './MachineTable.astro';
export { default as Ratio } from './Ratio.astro';
export { default as SectionList } from './SectionList.astro';
export { default as Spec } from './Spec.astro';
export { default as Term } from './Term.astro';
export { default as WaysIn } from './WaysIn.astro';
export { default as Worked } from './Worked.astro';
export { default as WorstMisses } from './WorstMisses.astro';
