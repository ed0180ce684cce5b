"""The verbs of a workspace's pool that prepare: fits of scikit-learn transformers, tables of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.progress import show
from engine.recorded import recorded
from pools import Pool
from pools.options import spelt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.dataframe as dd

    from engine.lake import Readable, Table
    from engine.prep import FittedFeatures
    from engine.workspace import Workspace


class PreparingVerbs(Pool):
    """What a workspace's pool can prepare.

    Attributes:
        workspace: Whose data the verbs work on.
        progress: Show bars while long work runs.
    """

    workspace: Workspace
    progress: bool

    @spelt(OptionError)
    def fit(self, features: Any, source: Readable | str, *, target: str | None = None) -> FittedFeatures:
        """Fit a plain scikit-learn transformer on all rows of a source, partition by partition.

        Args:
            features: A ColumnTransformer, Pipeline, FeatureUnion or single transformer; it is left as it is.
            source: A table or a dataset, or the name of one.
            target: The label's column: never a feature, and what a TargetEncoder or SelectKBest learns from.

        Returns:
            The fitted scikit-learn object, as `.transformer`, and the ONNX graph that says the same.

        Raises:
            UnsupportedError: A transformer or parameter cannot be honoured; nothing was read.
            SignatureError: A selected column is not there, or cannot be a feature.
            DataError: There are no rows, or they hold what a step cannot take.
        """
        from engine.lake import open_source
        from engine.prep import fit

        return fit(features, open_source(self.workspace.storage, source).source(), self, target=target)

    @recorded("transform", "transform into {into}")
    def transform(
        self,
        features: FittedFeatures,
        source: Readable | dd.DataFrame | str,
        *,
        into: str,
        keep: Sequence[str] = (),
        mode: str = "overwrite",
    ) -> Table:
        """Prepare every row of a source where it lies, and commit the features to a table, all at once.

        What stands in the table is what the exported graph puts out, as float32: what trees would train on.

        Args:
            features: What `fit` returned.
            source: A table, a dataset, the name of one, or a Dask DataFrame.
            into: Table name.
            keep: Columns of the source that stand beside the features.
            mode: `overwrite`, `append` or `create`.

        Raises:
            SignatureError: Columns that the preparation reads are missing or of another type.
            OptionError: A kept column that is not there, or has the name of a feature.
            WriteError: See `write`.
        """
        from engine.lake import Readable, open_source
        from engine.prep.table import transform_into

        if isinstance(source, str):
            source = open_source(self.workspace.storage, source)
        parts = len(source.source().partitions) if isinstance(source, Readable) else source.npartitions
        with show(f"transform into {into}", parts, visible=self.progress) as bar:
            return transform_into(
                self.workspace.storage,
                features.preparation,
                source,
                into=into,
                keep=keep,
                mode=mode,
                runner=self,
                on_part=bar.advance,
            )
