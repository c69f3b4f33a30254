"""The GraphQL types of the subset: searches, walks along lineage, and what results show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.schemas import graphql_name

if TYPE_CHECKING:
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["schema_text"]

_TYPES = """
type Query {
  searchAcrossEntities(input: SearchAcrossEntitiesInput!): SearchResults
  scrollAcrossEntities(input: ScrollAcrossEntitiesInput!): ScrollResults
  searchAcrossLineage(input: SearchAcrossLineageInput!): SearchAcrossLineageResults
  scrollAcrossLineage(input: ScrollAcrossLineageInput!): ScrollAcrossLineageResults
  aggregateAcrossEntities(input: AggregateAcrossEntitiesInput!): AggregateResults
  entity(urn: String!): Entity
  entities(urns: [String!]!): [Entity]
  dataset(urn: String!): Dataset
  dataJob(urn: String!): DataJob
}

enum FilterOperator {
  CONTAIN EQUAL IEQUAL IN EXISTS START_WITH END_WITH
  GREATER_THAN GREATER_THAN_OR_EQUAL_TO LESS_THAN LESS_THAN_OR_EQUAL_TO
  DESCENDANTS_INCL ANCESTORS_INCL RELATED_INCL
}
enum LineageDirection { UPSTREAM DOWNSTREAM }
enum SortOrder { ASCENDING DESCENDING }

input FacetFilterInput {
  field: String!
  value: String
  values: [String!]
  condition: FilterOperator
  negated: Boolean
}
input AndFilterInput { and: [FacetFilterInput!] }
input SortCriterion { field: String!, sortOrder: SortOrder! }
input SearchSortInput { sortCriterion: SortCriterion, sortCriteria: [SortCriterion!] }
input GroupingCriterion { baseEntityType: EntityType, groupingEntityType: EntityType! }
input GroupingSpec { groupingCriteria: [GroupingCriterion!] }
input SearchFlags {
  skipCache: Boolean
  skipHighlighting: Boolean
  skipAggregates: Boolean
  maxAggValues: Int
  includeSoftDeleted: Boolean
  fetchExtraFields: [String!]
  groupingSpec: GroupingSpec
}
input SearchAcrossEntitiesInput {
  types: [EntityType!]
  query: String!
  start: Int
  count: Int
  orFilters: [AndFilterInput!]
  searchFlags: SearchFlags
  sortInput: SearchSortInput
}
input ScrollAcrossEntitiesInput {
  types: [EntityType!]
  query: String!
  scrollId: String
  keepAlive: String
  count: Int
  orFilters: [AndFilterInput!]
  searchFlags: SearchFlags
  sortInput: SearchSortInput
}
input AggregateAcrossEntitiesInput {
  types: [EntityType!]
  query: String
  facets: [String]
  orFilters: [AndFilterInput!]
  searchFlags: SearchFlags
}
input SearchAcrossLineageInput {
  urn: String
  direction: LineageDirection!
  types: [EntityType!]
  query: String
  start: Int
  count: Int
  orFilters: [AndFilterInput!]
  searchFlags: SearchFlags
}
input ScrollAcrossLineageInput {
  urn: String
  direction: LineageDirection!
  types: [EntityType!]
  query: String
  scrollId: String
  keepAlive: String
  count: Int
  orFilters: [AndFilterInput!]
  searchFlags: SearchFlags
}

interface Entity { urn: String!, type: EntityType! }
type DataPlatform { urn: String!, name: String! }
type DataPlatformInstance { platform: DataPlatform! }
type EntityProperties { name: String, description: String }
type SchemaField { fieldPath: String!, nativeDataType: String, description: String }
type SchemaMetadata { fields: [SchemaField!]! }
type Dataset implements Entity {
  urn: String!
  type: EntityType!
  name: String!
  platform: DataPlatform!
  dataPlatformInstance: DataPlatformInstance
  properties: EntityProperties
  schemaMetadata(version: Int): SchemaMetadata
}
type DataJob implements Entity {
  urn: String!
  type: EntityType!
  jobId: String!
  dataPlatformInstance: DataPlatformInstance
  properties: EntityProperties
}
type CatalogEntity implements Entity { urn: String!, type: EntityType! }

type ExtraProperty { name: String!, value: String! }
type SearchResult { entity: Entity!, extraProperties: [ExtraProperty!] }
type AggregationMetadata { value: String!, count: Int!, displayName: String, entity: Entity }
type FacetMetadata {
  field: String!
  displayName: String
  aggregations: [AggregationMetadata!]!
}
type AggregateResults { facets: [FacetMetadata!] }
type SearchResults {
  start: Int!
  count: Int!
  total: Int!
  searchResults: [SearchResult!]!
  facets: [FacetMetadata!]
}
type ScrollResults {
  facets: [FacetMetadata!]
  nextScrollId: String
  count: Int!
  total: Int!
  searchResults: [SearchResult!]!
}
type EntityPath { path: [Entity] }
type LineageSearchResult { entity: Entity!, degree: Int!, paths: [EntityPath] }
type SearchAcrossLineageResults {
  start: Int!
  count: Int!
  total: Int!
  searchResults: [LineageSearchResult!]!
}
type ScrollAcrossLineageResults {
  nextScrollId: String
  count: Int!
  total: Int!
  searchResults: [LineageSearchResult!]!
}
"""


def schema_text(model: MetadataModel) -> str:
    """The schema in GraphQL's own language; its entity types are those of the model."""
    entity_types = sorted({graphql_name(name) for name in model.entities})
    return f"{_TYPES}\nenum EntityType {{ {' '.join(entity_types)} }}\n"
